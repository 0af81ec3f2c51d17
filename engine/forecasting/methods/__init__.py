"""The members: one module a family, compiled functions on one deseasonalised history."""
