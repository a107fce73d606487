"""Real orders played through the public APIs of the running services: `python -m deploy.local.demo`."""
