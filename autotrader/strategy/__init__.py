"""What a strategy implements, and the actor that runs it."""
