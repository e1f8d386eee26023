"""The benchmark: what the daemon adds to the time, memory and processor that a site takes, beside other clients."""
