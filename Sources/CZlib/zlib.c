#include "CZlib.h"

// 16 beside the window's size asks for gzip, not zlib.
enum { GZIP_WINDOW = 15 + 16, MEMORY_LEVEL = 8 };

int zlib_begin_gunzip(z_stream *stream) { return inflateInit2(stream, GZIP_WINDOW); }

int zlib_begin_gzip(z_stream *stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL, Z_DEFAULT_STRATEGY);
}
