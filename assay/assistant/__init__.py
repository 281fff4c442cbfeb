"""The product without protocol, web, torch or Docker: from an offset in a document to proved suggestions."""
