// Declarations shared by the files of this target, not visible to Swift.
#pragma once
#include <stddef.h>

/// Fills `buffer` with an inline terminal description ("hex:...") that adds 24-bit colour to the current one.
/// Returns 0, or -1 when it does not fit or the description does not allow it. Call after `setupterm`.
int direct_color_description(char *buffer, size_t capacity);

/// Restores the terminal with async-signal-safe calls only; does nothing when no screen is up.
void screen_emergency_restore(void);
