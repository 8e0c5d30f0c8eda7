
// End of a convolution whose result is read by further kernels.
fn finish(sum: vec4<elem>, block: u32, y: u32, x: u32) {
    if x >= params.dst.width || y >= params.dst.height {
        return;
    }
    var v = sum + channel[block * 3u];
    if RESIDUAL == RESIDUAL_BEFORE {
        v += other[at(params.other, block, y, x)];
    }
    v = activate(v, block);
    if RESIDUAL == RESIDUAL_AFTER {
        v += other[at(params.other, block, y, x)];
    }
    dst[at(params.dst, block, y, x)] = real_lanes(v, block, params.dst.channels);
}
