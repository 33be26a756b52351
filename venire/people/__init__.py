"""Accounts, sign-in, OAuth, follows, blocks, mutes, roles and standing."""
