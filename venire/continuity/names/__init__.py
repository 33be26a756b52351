"""Where the site is: its names, certificates, the signed beacon, the onion address."""
