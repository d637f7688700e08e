"""Adapters to engines, one a module, each imported only when it is used. Under all of them is one Arrow function."""
