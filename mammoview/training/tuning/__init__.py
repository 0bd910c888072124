"""What the fine-tuning wizard has its children do: read cases, audit them, plan, train, judge."""
