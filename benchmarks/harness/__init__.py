"""What the benchmarks are run with: processes on their cores, load generators, answers checked, figures written."""
