"""Work behind calls: a queue in the record, from which every server takes what is due."""
