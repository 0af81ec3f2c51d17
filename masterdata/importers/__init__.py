"""Reading a company's sheets: declared as data, read in a limited child process, checked, compared, written.

``spec.py`` explains how a room adds its own sheet.
"""
