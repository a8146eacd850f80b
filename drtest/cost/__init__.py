"""What a policy asks of S3 and what that costs: request model, price book, bill. Pure."""
