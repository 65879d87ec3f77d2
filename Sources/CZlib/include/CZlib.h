#ifndef CZLIB_H
#define CZLIB_H

/// The system's zlib, and the initializers that it has as macros.

#include <zlib.h>

/// Begins to read one gzip member (RFC 1952). Z_OK, or why not.
int zlib_begin_gunzip(z_stream *stream);

/// Begins to write one gzip member at a level of 1 (fast) to 9. Z_OK, or why not.
int zlib_begin_gzip(z_stream *stream, int level);

#endif
