
// End of a convolution whose result is read by further kernels.
fn finish(sum: vec4<elem>, block: u32, y: u32, x: u32) {
    if x >= params.dst.width || y >= params.dst.height {
        return;
    }
    let v = ended(sum, block, y, x);
    dst[at(params.dst, block, y, x)] = real_lanes(v, block, params.dst.channels);
}
