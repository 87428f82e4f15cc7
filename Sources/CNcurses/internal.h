// What the two halves of this target share, and Swift does not see.
#pragma once
#include <stddef.h>

/// Fills `buffer` with an inline terminal description ("hex:...") that adds 24-bit colour to the one in use.
/// Returns 0, or -1 when it does not fit or the description cannot take it. Call after `setupterm`.
int direct_color_description(char *buffer, size_t capacity);

/// Restores the terminal with async-signal-safe calls only; does nothing when no screen is up.
void screen_emergency_restore(void);
