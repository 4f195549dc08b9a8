// n8n loads the node and the credential through the "n8n" key of package.json; npm wants a main file.
