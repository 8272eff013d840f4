"""Reports of the plan: written by the front desk, read by everybody once approved."""
