// Sixteen-lane vectors. On narrower machines the compiler makes each of them several registers.
#include <stdint.h>

#define INLINE static inline __attribute__((always_inline))

typedef float f32x2 __attribute__((ext_vector_type(2)));
typedef float f32x4 __attribute__((ext_vector_type(4)));
typedef float f32x8 __attribute__((ext_vector_type(8)));
typedef float f32x16 __attribute__((ext_vector_type(16)));
typedef float f32x16_unaligned __attribute__((ext_vector_type(16), aligned(4), may_alias));
typedef int32_t i32x16 __attribute__((ext_vector_type(16)));
typedef int32_t i32x16_unaligned __attribute__((ext_vector_type(16), aligned(4), may_alias));
typedef uint32_t u32x16 __attribute__((ext_vector_type(16)));
