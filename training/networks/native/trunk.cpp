// Forward and backward pass of photo-fast's convolutions on the CPU, 16 channels, replicate padding.
//
// Method: direct convolution on HWC floats with 8-wide vectors; the accumulators of up to six pixels stay in
// registers. Threads take whole samples, so a step has two joins instead of two per layer. Guarantee: the gradient
// is summed in the order of the samples, whatever the number of threads. Not guaranteed: the same bits as PyTorch.
//
// Kernels are [tap][input][output] with tap = ky * k + kx. The residual has `lanes` channels: 8 for x2 (four are
// zero), 16 for x4. Per sample, `tape` keeps what the backward pass needs; see `Tape`.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

namespace {

constexpr int kChannels = 16;
constexpr int kVector = 8;
constexpr int kBlock = 6;
constexpr int kHead = 5;

typedef float Vec __attribute__((vector_size(kVector * sizeof(float)), aligned(4), may_alias));

struct Shape {
    int height, width, body, lanes;
    int64_t plane() const { return int64_t(height) * width * kChannels; }
    int64_t padded() const { return int64_t(height + 2) * (width + 2) * kChannels; }
    int64_t padded_input() const { return int64_t(height + kHead - 1) * (width + kHead - 1); }
};

// Layout of one sample's tape: padded input, pre-activations of head and body, padded input of every 3x3.
struct Tape {
    float* input;
    float* before;
    float* after;
    static int64_t size(const Shape& s) { return s.padded_input() + (s.body + 1) * (s.plane() + s.padded()); }
    Tape(float* base, const Shape& s)
        : input(base), before(base + s.padded_input()), after(before + (s.body + 1) * s.plane()) {}
};

// Weights, or their gradients, one after the other: head kernel, body kernels, tail kernel, biases, slopes.
template <typename Float>
struct Weights {
    Float *head, *body, *tail, *head_bias, *body_bias, *tail_bias, *slope;
    static int64_t size(const Shape& s) {
        return kHead * kHead * kChannels + int64_t(s.body) * 9 * kChannels * kChannels + 9 * kChannels * s.lanes +
               (s.body + 1) * kChannels * 2 + s.lanes;
    }
    Weights(Float* base, const Shape& s) {
        head = base;
        body = head + kHead * kHead * kChannels;
        tail = body + int64_t(s.body) * 9 * kChannels * kChannels;
        head_bias = tail + 9 * kChannels * s.lanes;
        body_bias = head_bias + kChannels;
        tail_bias = body_bias + s.body * kChannels;
        slope = tail_bias + s.lanes;
    }
};

// `pixels` neighbouring output pixels of one row; `source` is the window's top left corner.
template <int inputs, int vectors, int kernel, int pixels>
inline void convolve_block(const float* source, int64_t stride, const float* weights, const float* bias, float* target) {
    Vec sum[pixels][vectors];
#pragma GCC unroll 6
    for (int p = 0; p < pixels; ++p)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) sum[p][v] = bias ? ((const Vec*)bias)[v] : Vec{};
    for (int ky = 0; ky < kernel; ++ky) {
        const float* row = source + ky * stride;
        const float* tap = weights + ky * kernel * inputs * vectors * kVector;
        for (int i = 0; i < kernel * inputs; ++i) {
            const Vec* w = (const Vec*)(tap + i * vectors * kVector);
#pragma GCC unroll 6
            for (int p = 0; p < pixels; ++p)
#pragma GCC unroll 2
                for (int v = 0; v < vectors; ++v) sum[p][v] += row[p * inputs + i] * w[v];
        }
    }
#pragma GCC unroll 6
    for (int p = 0; p < pixels; ++p)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) ((Vec*)target)[p * vectors + v] = sum[p][v];
}

// Convolution without padding: source [height + kernel - 1][width + kernel - 1][inputs] -> target [height][width][8 * vectors].
template <int inputs, int vectors, int kernel>
void convolve(const float* source, int height, int width, const float* weights, const float* bias, float* target) {
    const int64_t stride = int64_t(width + kernel - 1) * inputs;
    for (int y = 0; y < height; ++y) {
        const float* from = source + y * stride;
        float* to = target + int64_t(y) * width * vectors * kVector;
        int x = 0;
        for (; x + kBlock <= width; x += kBlock)
            convolve_block<inputs, vectors, kernel, kBlock>(from + x * inputs, stride, weights, bias, to + x * vectors * kVector);
        for (; x + 2 <= width; x += 2)
            convolve_block<inputs, vectors, kernel, 2>(from + x * inputs, stride, weights, bias, to + x * vectors * kVector);
        for (; x < width; ++x)
            convolve_block<inputs, vectors, kernel, 1>(from + x * inputs, stride, weights, bias, to + x * vectors * kVector);
    }
}

// Adds the kernel's gradient: for every tap and input, the sum over pixels of source times
// `output_gradient` [height][width][8 * vectors].
template <int inputs, int vectors, int kernel, int group>
void kernel_gradient(const float* source, const float* output_gradient, int height, int width, float* gradient) {
    const int64_t stride = int64_t(width + kernel - 1) * inputs;
    static_assert(kernel * inputs % group == 0);
    for (int y = 0; y < height; ++y)
        for (int ky = 0; ky < kernel; ++ky)
            for (int i = 0; i < kernel * inputs; i += group) {
                const float* row = source + (y + ky) * stride + i;
                const Vec* from = (const Vec*)(output_gradient + int64_t(y) * width * vectors * kVector);
                Vec* to = (Vec*)(gradient + (ky * kernel * inputs + i) * vectors * kVector);
                Vec sum[group][vectors];
#pragma GCC unroll 6
                for (int g = 0; g < group; ++g)
#pragma GCC unroll 2
                    for (int v = 0; v < vectors; ++v) sum[g][v] = to[g * vectors + v];
                for (int x = 0; x < width; ++x)
#pragma GCC unroll 6
                    for (int g = 0; g < group; ++g)
#pragma GCC unroll 2
                        for (int v = 0; v < vectors; ++v) sum[g][v] += row[x * inputs + g] * from[x * vectors + v];
#pragma GCC unroll 6
                for (int g = 0; g < group; ++g)
#pragma GCC unroll 2
                    for (int v = 0; v < vectors; ++v) to[g * vectors + v] = sum[g][v];
            }
}

// Replicates the inner [height][width][channels] of a buffer padded by `halo` into its border.
void replicate_border(float* padded, int height, int width, int channels, int halo) {
    const int64_t stride = int64_t(width + 2 * halo) * channels;
    for (int y = halo; y < height + halo; ++y) {
        float* row = padded + y * stride;
        for (int h = 0; h < halo; ++h) {
            std::copy_n(row + halo * channels, channels, row + h * channels);
            std::copy_n(row + (halo + width - 1) * channels, channels, row + (halo + width + h) * channels);
        }
    }
    for (int h = 0; h < halo; ++h) {
        std::copy_n(padded + halo * stride, stride, padded + h * stride);
        std::copy_n(padded + (halo + height - 1) * stride, stride, padded + (halo + height + h) * stride);
    }
}

// PReLU of `before` into the middle of a padded buffer, plus `skip` (padded alike) when there is one.
void activate(const float* __restrict before, const float* __restrict slope, const float* __restrict skip, const Shape& s,
              float* __restrict padded) {
    for (int y = 0; y < s.height; ++y)
        for (int x = 0; x < s.width; ++x) {
            const float* z = before + (int64_t(y) * s.width + x) * kChannels;
            const int64_t at = (int64_t(y + 1) * (s.width + 2) + x + 1) * kChannels;
            for (int c = 0; c < kChannels; ++c)
                padded[at + c] = (z[c] > 0 ? z[c] : slope[c] * z[c]) + (skip ? skip[at + c] : 0.0f);
        }
    replicate_border(padded, s.height, s.width, kChannels, 1);
}

void forward_sample(const float* input, const Weights<const float>& w, const Shape& s, Tape tape, float* residual) {
    const int halo = kHead / 2;
    for (int y = 0; y < s.height; ++y)
        std::copy_n(input + int64_t(y) * s.width, s.width, tape.input + int64_t(y + halo) * (s.width + 2 * halo) + halo);
    replicate_border(tape.input, s.height, s.width, 1, halo);
    convolve<1, 2, kHead>(tape.input, s.height, s.width, w.head, w.head_bias, tape.before);
    activate(tape.before, w.slope, nullptr, s, tape.after);
    for (int b = 0; b < s.body; ++b) {
        float* before = tape.before + (b + 1) * s.plane();
        convolve<kChannels, 2, 3>(tape.after + b * s.padded(), s.height, s.width, w.body + int64_t(b) * 9 * 256,
                                  w.body_bias + b * kChannels, before);
        const bool last = b + 1 == s.body;
        activate(before, w.slope + (b + 1) * kChannels, last ? tape.after : nullptr, s, tape.after + (b + 1) * s.padded());
    }
    const float* tail_input = tape.after + s.body * s.padded();
    if (s.lanes == 8) convolve<kChannels, 1, 3>(tail_input, s.height, s.width, w.tail, w.tail_bias, residual);
    else convolve<kChannels, 2, 3>(tail_input, s.height, s.width, w.tail, w.tail_bias, residual);
}

// Gradient before PReLU, written into `gradient` [height][width][16]; adds the slope's and the bias's gradient.
void activation_gradient(const float* __restrict before, const float* __restrict slope, const Shape& s,
                         float* __restrict gradient, float* __restrict slope_gradient,
                         float* __restrict bias_gradient) {
    for (int64_t p = 0; p < s.plane(); p += kChannels)
        for (int c = 0; c < kChannels; ++c) {
            const float z = before[p + c], g = gradient[p + c];
            slope_gradient[c] += z > 0 ? 0.0f : g * z;
            gradient[p + c] = z > 0 ? g : slope[c] * g;
            bias_gradient[c] += gradient[p + c];
        }
}

// Adjoint of pad-by-replication and 3x3 convolution: `gradient` [height][width][channels] -> `result` [height][width][16].
template <int channels>
void input_gradient(const float* gradient, const float* weights, const Shape& s, std::vector<float>& scratch, float* result) {
    const int wide = s.width + 4;
    const int64_t zero_padded = int64_t(s.height + 4) * wide * channels;
    scratch.assign(zero_padded + s.padded(), 0.0f);
    for (int y = 0; y < s.height; ++y)
        std::copy_n(gradient + int64_t(y) * s.width * channels, s.width * channels,
                    scratch.data() + (int64_t(y + 2) * wide + 2) * channels);
    float turned[9 * channels * kChannels];
    for (int tap = 0; tap < 9; ++tap)
        for (int i = 0; i < kChannels; ++i)
            for (int o = 0; o < channels; ++o)
                turned[((8 - tap) * channels + o) * kChannels + i] = weights[(tap * kChannels + i) * channels + o];
    float* padded = scratch.data() + zero_padded;
    convolve<channels, 2, 3>(scratch.data(), s.height + 2, s.width + 2, turned, nullptr, padded);
    std::fill_n(result, s.plane(), 0.0f);
    for (int y = 0; y < s.height + 2; ++y)
        for (int x = 0; x < s.width + 2; ++x) {
            const int inner_y = std::clamp(y - 1, 0, s.height - 1), inner_x = std::clamp(x - 1, 0, s.width - 1);
            const float* from = padded + (int64_t(y) * (s.width + 2) + x) * kChannels;
            float* to = result + (int64_t(inner_y) * s.width + inner_x) * kChannels;
            for (int c = 0; c < kChannels; ++c) to[c] += from[c];
        }
}

template <int lanes>
void tail_gradient(const float* gradient, const Weights<const float>& w, const Shape& s, const float* tail_input,
                   std::vector<float>& scratch, const Weights<float>& d, float* result) {
    kernel_gradient<kChannels, lanes / kVector, 3, 6>(tail_input, gradient, s.height, s.width, d.tail);
    for (int64_t p = 0; p < int64_t(s.height) * s.width; ++p)
        for (int c = 0; c < lanes; ++c) d.tail_bias[c] += gradient[p * lanes + c];
    input_gradient<lanes>(gradient, w.tail, s, scratch, result);
}

void backward_sample(const float* gradient, const Weights<const float>& w, const Shape& s, Tape tape, const Weights<float>& d) {
    std::vector<float> scratch, current(s.plane()), skip(s.plane());
    const float* tail_input = tape.after + s.body * s.padded();
    if (s.lanes == 8) tail_gradient<8>(gradient, w, s, tail_input, scratch, d, skip.data());
    else tail_gradient<16>(gradient, w, s, tail_input, scratch, d, skip.data());
    current = skip;
    for (int b = s.body - 1; b >= 0; --b) {
        activation_gradient(tape.before + (b + 1) * s.plane(), w.slope + (b + 1) * kChannels, s, current.data(),
                            d.slope + (b + 1) * kChannels, d.body_bias + b * kChannels);
        kernel_gradient<kChannels, 2, 3, 6>(tape.after + b * s.padded(), current.data(), s.height, s.width,
                                            d.body + int64_t(b) * 9 * 256);
        std::vector<float> result(s.plane());
        input_gradient<kChannels>(current.data(), w.body + int64_t(b) * 9 * 256, s, scratch, result.data());
        current.swap(result);
    }
    for (int64_t i = 0; i < s.plane(); ++i) current[i] += skip[i];
    activation_gradient(tape.before, w.slope, s, current.data(), d.slope, d.head_bias);
    kernel_gradient<1, 2, kHead, 5>(tape.input, current.data(), s.height, s.width, d.head);
}

template <typename Work>
void for_each_sample(int samples, int threads, const Work& work) {
    std::atomic<int> next{0};
    auto take = [&] {
        for (int i = next++; i < samples; i = next++) work(i);
    };
    std::vector<std::thread> others;
    for (int t = 1; t < threads; ++t) others.emplace_back(take);
    take();
    for (auto& other : others) other.join();
}

}  // namespace

extern "C" {

int64_t trunk_tape_size(int height, int width, int body, int lanes) { return Tape::size({height, width, body, lanes}); }

int64_t trunk_weights_size(int body, int lanes) { return Weights<float>::size({0, 0, body, lanes}); }

// input [samples][height][width] -> residual [samples][height][width][lanes].
void trunk_forward(const float* input, const float* weights, int samples, int height, int width, int body, int lanes,
                   int threads, float* tape, float* residual) {
    const Shape s{height, width, body, lanes};
    const int64_t plane = int64_t(height) * width;
    for_each_sample(samples, threads, [&](int i) {
        forward_sample(input + i * plane, {weights, s}, s, Tape(tape + i * Tape::size(s), s), residual + i * plane * lanes);
    });
}

// Gradient of the residual -> gradient of the weights (overwritten).
void trunk_backward(const float* gradient, const float* weights, int samples, int height, int width, int body, int lanes,
                    int threads, float* tape, float* weights_gradient) {
    const Shape s{height, width, body, lanes};
    const int64_t count = Weights<float>::size(s);
    std::vector<float> each(samples * count, 0.0f);
    for_each_sample(samples, threads, [&](int i) {
        backward_sample(gradient + i * int64_t(height) * width * lanes, {weights, s}, s, Tape(tape + i * Tape::size(s), s),
                        {each.data() + i * count, s});
    });
    std::fill_n(weights_gradient, count, 0.0f);
    for (int i = 0; i < samples; ++i)
        for (int64_t k = 0; k < count; ++k) weights_gradient[k] += each[i * count + k];
}
}
