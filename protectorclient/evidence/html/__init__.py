"""The report as a page for a browser, for print, and for the dark."""
