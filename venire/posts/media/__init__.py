"""Pictures, sound and video: taken in, made safe, kept by content, shown with their post."""
