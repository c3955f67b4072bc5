"""The binding to Pulumi's engine."""
