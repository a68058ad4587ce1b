"""From the settings to the text of a file, and what an edit leaves of its owner's text. Pure."""
