"""photo-fast's convolutions as one differentiable function that runs in `trunk.cpp`."""

import ctypes
import os

import torch
import torch.nn.functional as F

from training.networks.native.library import library

VECTOR = 8


def _address(tensor: torch.Tensor) -> ctypes.c_void_p:
    return ctypes.c_void_p(tensor.data_ptr())


class _Trunk(torch.autograd.Function):
    """(input [n, h, w], packed weights) -> residual [n, h, w, lanes]; the input gets no gradient."""

    @staticmethod
    def forward(ctx, x: torch.Tensor, packed: torch.Tensor, body: int, lanes: int) -> torch.Tensor:
        samples, height, width = x.shape
        ctx.sizes = (samples, height, width, body, lanes, os.cpu_count() or 1)
        tape = torch.empty(samples * library().trunk_tape_size(height, width, body, lanes))
        residual = torch.empty(samples, height, width, lanes)
        library().trunk_forward(_address(x), _address(packed), *ctx.sizes, _address(tape), _address(residual))
        ctx.save_for_backward(packed, tape)
        return residual

    @staticmethod
    def backward(ctx, gradient: torch.Tensor):
        packed, tape = ctx.saved_tensors
        gradient = gradient.contiguous()
        result = torch.empty_like(packed)
        library().trunk_backward(_address(gradient), _address(packed), *ctx.sizes, _address(tape), _address(result))
        return None, result, None, None


def _taps_first(kernel: torch.Tensor) -> torch.Tensor:
    """[outputs, inputs, k, k] -> flat [k * k, inputs, outputs]."""
    return kernel.permute(2, 3, 1, 0).flatten()


def residual(network: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    """What `network.tail` yields for `x`, [n, 1, h, w] float32 on the CPU -> [n, scale * scale, h, w]."""
    outputs = network.scale**2
    lanes = -(-outputs // VECTOR) * VECTOR
    fill = lanes - outputs
    packed = torch.cat(
        [
            _taps_first(network.head.collapsed()),
            *(_taps_first(convolution.collapsed()) for convolution in network.body),
            _taps_first(F.pad(network.tail.collapsed(), [0, 0, 0, 0, 0, 0, 0, fill])),
            network.head.bias,
            *(convolution.bias for convolution in network.body),
            F.pad(network.tail.bias, [0, fill]),
            network.head_activation.weight,
            *(activation.weight for activation in network.body_activations),
        ]
    )
    assert packed.numel() == library().trunk_weights_size(len(network.body), lanes), "packing disagrees with trunk.cpp"
    flat = _Trunk.apply(x[:, 0].contiguous(), packed, len(network.body), lanes)
    return flat[..., :outputs].permute(0, 3, 1, 2)
