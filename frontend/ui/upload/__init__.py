"""Files from the browser, in parts that can be resumed."""
