"""From what lies elsewhere to a site: snapshots, restore, standing by, moving."""
