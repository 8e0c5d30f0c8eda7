
// What follows the sum of a convolution: bias, activation, and the value that is added or multiplied.
fn ended(sum: vec4<elem>, block: u32, y: u32, x: u32) -> vec4<elem> {
    var v = sum + channel[block * 3u];
    if RESIDUAL == RESIDUAL_BEFORE {
        v += other[at(params.other, block, y, x)];
    }
    v = activate(v, block);
    if RESIDUAL == RESIDUAL_AFTER {
        v += other[at(params.other, block, y, x)];
    }
    if RESIDUAL == RESIDUAL_TIMES {
        v *= other[at(params.other, block, y, x)];
    }
    if RESIDUAL == RESIDUAL_GATE {
        v *= other[at(params.other, block, y, x)] + src[at(params.src, block, y, x)];
    }
    return v;
}
