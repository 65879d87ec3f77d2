#include "CAPIDocument.h"

// SwiftPM has no name for C23 yet, so the one C23 line is allowed here instead of in the manifest.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char drover_api_document[] = {
#embed "../../openapi.yaml"
};

const unsigned char *api_document_bytes(void) { return drover_api_document; }

size_t api_document_length(void) { return sizeof drover_api_document; }
