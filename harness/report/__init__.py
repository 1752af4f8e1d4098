"""Reports of a run: a table for the terminal, a JSON document, a JUnit XML file."""
