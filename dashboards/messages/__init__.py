"""One voice: public messages with the signatures that their class asks for, beside the official information."""
