"""Training on other machines with Ray: sessions, jobs, and corpora in shards."""
