"""Workers on the nodes of a Ray cluster. Only ``node.py`` and ``bridge.py`` know Ray, in processes of their own."""
