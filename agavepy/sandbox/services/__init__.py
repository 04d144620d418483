"""What answers the described operations: one module for each service or part of one."""
