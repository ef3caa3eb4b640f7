"""The fronts: REST and gRPC over one engine. They translate; they do not decide."""
