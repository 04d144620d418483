"""What a call, a transfer, a start and the sandbox cost, against requests and stock bravado."""
