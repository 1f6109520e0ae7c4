"""What people type, read into typed values; errors are sentences that help."""
