# terminal cases
