"""What pages share: blocks, forms, addresses, and the kit of the browser half."""
