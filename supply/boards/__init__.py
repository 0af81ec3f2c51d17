"""What the pages beside the workbench show: records ready for templates and the API. Reads only."""
