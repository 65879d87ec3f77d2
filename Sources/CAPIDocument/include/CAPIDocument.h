#ifndef CAPI_DOCUMENT_H
#define CAPI_DOCUMENT_H

#include <stddef.h>

/// The bytes of openapi.yaml in the binary's read-only data: they live as long as the process.
const unsigned char *api_document_bytes(void);

/// The number of bytes behind `api_document_bytes`.
size_t api_document_length(void);

#endif
