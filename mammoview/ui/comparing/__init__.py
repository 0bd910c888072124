"""Two models beside each other, on the study on the table or on cases of the fine-tuning wizard."""
