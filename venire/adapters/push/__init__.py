"""Web Push: what is sent to a member's devices through the services of their browsers and apps."""
