"""What tests share: throw-away servers, the rules on skipping, the source code as data."""
