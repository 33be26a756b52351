"""The spine: everything said about one subject becomes a case, and a case becomes a verdict."""
