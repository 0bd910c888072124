"""Several exams of one woman to one score: does anything change?

Roy Chowdhury, El-Dosuky and Kamel propose a CNN with an RNN over earlier exams and give no sizes and no result. Built
here: the frozen body of a classifier embeds each view (average and maximum of its map: a small mass hardly moves an
average), the views of an exam become one vector, and a
gated recurrent unit (Cho et al. 2014) reads the exams from the oldest to the newest together with how long ago they
were.

Dates enter only as time before the newest exam: a shift of all of them changes nothing. The exams are sorted inside, so
that the order in which they are given does not matter, and neither does that of the views of an exam.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mammoview.models.architectures import GruPriorsSizes, name_of
from mammoview.models.networks.bodies import Body, body_for

#: What follows the embedding in a sequence's last axis: whether the view is there, and the exam's date in months.
EXTRAS = 2
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
        Of the head, and which classifier the body comes from.

    Attributes
    ----------
    body, head
        ``head(pack(embed(views), …))`` is the answer. The body's weights are the classifier's; nothing trains them.
    """

    def __init__(self, sizes: GruPriorsSizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.body: Body = body_for(sizes.body_sizes)
        self.head = PriorsHead(2 * self.body.out_channels, sizes)

    @property
    def architecture(self) -> str:
        """Its name in `architectures.SIZES`."""
        return name_of(self.sizes)

    def embed(self, images: Tensor) -> Tensor:
        """Images (n, in_channels, h, w) to embeddings (n, 2 · channels): average and maximum of the body's map."""
        features: Tensor = self.body(images)
        return torch.cat((features.mean(dim=(2, 3)), features.amax(dim=(2, 3))), dim=1)

    def forward(self, sequence: Tensor) -> Tensor:
        """What `pack` gave to logits (n, classes); the body is not asked."""
        logits: Tensor = self.head(sequence)
        return logits
