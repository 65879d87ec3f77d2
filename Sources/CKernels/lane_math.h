// Arithmetic on sixteen lanes that every part of a table uses; included by panel_kernels.h.

INLINE f32x16 load(const float *p) { return *(const f32x16_unaligned *)p; }
INLINE void store(float *p, f32x16 v) { *(f32x16_unaligned *)p = v; }

/// mask is all ones or all zeros a lane.
INLINE f32x16 choose(i32x16 mask, f32x16 a, f32x16 b) {
    return (f32x16)((mask & (i32x16)a) | (~mask & (i32x16)b));
}

INLINE float sum_of(f32x16 v) {
    f32x8 a = v.lo + v.hi;
    f32x4 b = a.lo + a.hi;
    f32x2 c = b.lo + b.hi;
    return c.x + c.y;
}

INLINE float largest_of(f32x16 v) {
    f32x8 a = __builtin_elementwise_max(v.lo, v.hi);
    f32x4 b = __builtin_elementwise_max(a.lo, a.hi);
    f32x2 c = __builtin_elementwise_max(b.lo, b.hi);
    return c.x > c.y ? c.x : c.y;
}

/// e^x to about 2 ulp for x in -87 ... 88, clamped outside; exactly 1 at 0; NaN stays NaN.
INLINE f32x16 exp_of(f32x16 x) {
    const f32x16 low = -87, high = 88;
    x = choose(x < low, low, x);
    x = choose(x > high, high, x);
    f32x16 n = __builtin_elementwise_roundeven(x * 1.44269504f);
    f32x16 r = x - n * 0.693359375f;  // ln 2 in two parts: the first has few bits, so n * it is exact
    r = r + n * 2.12194440e-4f;
    f32x16 p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    i32x16 exponent = (__builtin_convertvector(n, i32x16) + 127) << 23;
    return p * (f32x16)exponent;
}
