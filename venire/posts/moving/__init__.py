"""Moving: what members bring along from elsewhere, and what they take with them."""
