"""How many small mistakes, made on purpose in the code that carries the trust, the tests notice."""
