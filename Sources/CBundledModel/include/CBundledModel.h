#ifndef CBUNDLED_MODEL_H
#define CBUNDLED_MODEL_H

#include <stddef.h>

/// The bytes of the bundled GGUF file, 64-byte aligned, in the binary's read-only data: they live as
/// long as the process and are paged in on first touch, so nobody frees or copies them.
const unsigned char *bundled_model_bytes(void);

/// The number of bytes behind `bundled_model_bytes`.
size_t bundled_model_length(void);

#endif
