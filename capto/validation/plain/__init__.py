"""Files of measurements as people have them: their forms, cells and faults, read without server or database."""
