#include "CBundledModel.h"

// SwiftPM has no name for C23 yet, so the one C23 line is allowed here instead of in the manifest.
#pragma clang diagnostic ignored "-Wc23-extensions"

// Clang stores #embed in a plain char array as one blob; any other element type would make it parse
// millions of integers. 64 bytes is a cache line, and above the 32 that GGUF tensors ask for.
static _Alignas(64) const unsigned char drover_bundled_model[] = {
#embed "model.gguf"
};

const unsigned char *bundled_model_bytes(void) { return drover_bundled_model; }

size_t bundled_model_length(void) { return sizeof drover_bundled_model; }
