"""The machinery that all clouds share; it knows no cloud and no engine."""
