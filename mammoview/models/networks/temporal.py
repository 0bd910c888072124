"""Several exams of one woman to one score: does anything change?

Roy Chowdhury, El-Dosuky and Kamel propose a CNN with an RNN over earlier exams and give no sizes and no result. Built
here: the frozen body of a patch classifier embeds each view where its own dense layer sees a lesion (the average of a
map, or its maximum, hardly knows a small one), the views of an exam become one vector, and a gated recurrent unit (Cho
et al. 2014) reads the exams from the oldest to the newest together with how long ago they were.

Dates enter only as time before the newest exam: a shift of all of them changes nothing. The exams are sorted inside, so
that the order in which they are given does not matter, and neither does that of the views of an exam.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from mammoview.models.architectures import GruPriorsSizes, name_of
from mammoview.models.networks.bodies import Body, body_for
from mammoview.models.networks.whole_image import PatchNet

#: What follows the embedding in a sequence's last axis: whether the view is there, and the exam's date in months.
EXTRAS = 2
#: What follows the body's channels in an embedding: the odds of a lesion, at one place and everywhere.
ODDS = 2
_MONTHS_A_YEAR = 12.0


def pack(embeddings: Tensor, present: Tensor, months: Tensor) -> Tensor:
    """Lay views, gaps and dates into the one tensor that `PriorsNet.forward` takes.

    Parameters
    ----------
    embeddings
        Shape (n, exams, views, channels), float32; any number where a view is missing.
    present
        Shape (n, exams, views), bool. An exam without any view is padding and counts for nothing.
    months
        Shape (n, exams), float32: the exam's date in months on any clock, later is larger. No two exams of a woman
        have the same.

    Returns
    -------
    Tensor, shape (n, exams, views, channels + 2), float32
    """
    there = present[..., None].to(embeddings.dtype)
    dates = months[..., None, None].expand_as(there)
    return torch.cat((torch.where(there > 0, embeddings, 0.0), there, dates), dim=-1)


class PriorsHead(nn.Module):
    """From the packed exams of some women to logits.

    Parameters
    ----------
    channels
        Of a view's embedding.
    sizes
        Of what follows.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, channels: int, sizes: GruPriorsSizes) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("scale", torch.ones(channels))
        self.view = nn.Sequential(nn.Dropout(sizes.dropout), nn.Linear(channels, sizes.embedding), nn.ReLU())
        self.cell = nn.GRUCell(2 * sizes.embedding + 1, sizes.hidden)
        self.score = nn.Sequential(nn.Dropout(sizes.dropout), nn.Linear(sizes.hidden, sizes.classes))

    def standardise(self, embeddings: Tensor) -> None:
        """Bring each channel to mean 0 and deviation 1 over ``embeddings`` of shape (views, channels)."""
        self.mean.copy_(embeddings.mean(dim=0))
        self.scale.copy_(1.0 / embeddings.std(dim=0).clamp_min(1e-6))

    def forward(self, sequence: Tensor) -> Tensor:
        """What `pack` gave, shape (n, exams, views, channels + 2), to logits (n, classes)."""
        values, present, months = sequence[..., :-EXTRAS], sequence[..., -2] > 0.5, sequence[..., -1].amax(dim=-1)
        is_exam = present.any(dim=-1)
        # Padding sorts before the oldest exam, where it leaves the unit's empty state as it is.
        dates = months.masked_fill(~is_exam, -torch.inf)
        order = dates.argsort(dim=1)
        exams = self._exams(values, present)
        years = (dates.amax(dim=1, keepdim=True) - dates).masked_fill(~is_exam, 0.0) / _MONTHS_A_YEAR
        steps = torch.cat((exams, years[..., None]), dim=-1)
        steps = steps.gather(1, order[..., None].expand_as(steps))
        counts = is_exam.gather(1, order)
        state = steps.new_zeros(len(steps), self.cell.hidden_size)
        for step, is_counted in zip(steps.unbind(dim=1), counts.unbind(dim=1), strict=True):
            state = torch.where(is_counted[:, None], self.cell(step, state), state)
        logits: Tensor = self.score(state)
        return logits

    def _exams(self, values: Tensor, present: Tensor) -> Tensor:
        """Mean and maximum over the views that are there: shape (n, exams, 2 · embedding)."""
        views = self.view((values - self.mean) * self.scale) * present[..., None]
        count = present.sum(dim=-1, keepdim=True).clamp_min(1)
        return torch.cat((views.sum(dim=2) / count, views.amax(dim=2)), dim=-1)


class PriorsNet(nn.Module):
    """Scores the newest of several exams of one woman; one exam is enough.

    Parameters
    ----------
    sizes
        Of the head, and which patch classifier body and dense layer come from.

    Attributes
    ----------
    body, dense, head
        ``head(pack(embed(views), …))`` is the answer. The weights of the first two are the classifier's; nothing trains
        them.
    """

    def __init__(self, sizes: GruPriorsSizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.body: Body = body_for(sizes.body_sizes)
        self.dense = nn.Linear(self.body.out_channels, sizes.patch_classes)
        self.head = PriorsHead(self.body.out_channels + ODDS, sizes)

    @property
    def architecture(self) -> str:
        """Its name in `architectures.SIZES`."""
        return name_of(self.sizes)

    def take_over(self, parent: PatchNet) -> None:
        """Copy body and dense layer of a patch classifier of the same sizes."""
        self.body.load_state_dict(parent.body.state_dict())
        self.dense.load_state_dict(parent.head.get_submodule("fc").state_dict())

    def embed(self, images: Tensor) -> Tensor:
        """Images (n, in_channels, h, w) to embeddings (n, channels + 2)."""
        return self.embedding(self.body(images))

    def embedding(self, features: Tensor) -> Tensor:
        """The body's map of each view to what stands for the view.

        Parameters
        ----------
        features
            Shape (n, channels, h, w), float32.

        Returns
        -------
        Tensor, shape (n, channels + 2), float32
            The windows of the map averaged with the odds of a lesion in each as weights, then the largest log-odds and
            the logarithm of the sum of the odds, which grows with the lesion's area, too.
        """
        window = self.sizes.window
        # In the mean over a window the dense layer sees what it learned to judge: a patch.
        windows = functional.avg_pool2d(features, window, 1, window // 2, count_include_pad=False)
        flat = windows.flatten(2)
        logits = self.dense(flat.transpose(1, 2))
        odds = logits[..., 1:].logsumexp(dim=2) - logits[..., 0]
        there = (flat * odds.softmax(dim=1)[:, None]).sum(dim=2)
        return torch.cat((there, odds.amax(dim=1, keepdim=True), odds.logsumexp(dim=1, keepdim=True)), dim=1)

    def forward(self, sequence: Tensor) -> Tensor:
        """What `pack` gave to logits (n, classes); the body is not asked."""
        logits: Tensor = self.head(sequence)
        return logits
