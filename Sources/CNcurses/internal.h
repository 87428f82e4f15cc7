// Declarations shared by the files of this target, not visible to Swift.
#pragma once
#include <stddef.h>

/// The value of TERM if it has a description, otherwise a related type that has one; NULL for none.
const char *terminal_type(void);

/// Fills `buffer` with an inline terminal description ("hex:...") that adds 24-bit colour to the current one, which is of
/// this type. Returns 0, or -1 when it does not fit or the description does not allow it. Call after `setupterm`.
int direct_color_description(const char *type, char *buffer, size_t capacity);

/// Restores the terminal with async-signal-safe calls only; does nothing when no screen is up.
void screen_emergency_restore(void);
